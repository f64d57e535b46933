# Start, run nothing, end.
# metric: seconds
exec /bin/true
