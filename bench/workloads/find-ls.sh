# Walk /usr/share and /usr/include twice: find with sizes, ls -lR.
# metric: seconds
find /usr/share /usr/include -printf '%s %p\n' > found
ls -lR /usr/share /usr/include > listed
[ "$(wc -l < found)" -gt 1000 ] && [ -s listed ]
