# Pack and unpack 30 MB of small files.
# metric: seconds
# data: small
tar cf small.tar -C "$DATA" small && mkdir to && tar xf small.tar -C to && [ "$(ls to/small | wc -l)" = "$(ls "$DATA/small" | wc -l)" ]
