# 100 times fork and exec of /bin/true from bash.
# metric: seconds
for ((i = 0; i < 100; i++)); do /bin/true; done
