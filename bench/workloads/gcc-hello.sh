# Compile and link hello world.
# metric: seconds
# needs: gcc
printf '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n' > hello.c
gcc -O2 -o hello hello.c && ./hello > out && read -r line < out && [ "$line" = hello ]
