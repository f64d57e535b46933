# A C project of several files, built with make -j, twice, and run; a C++ program; gdb-free debugging information.
mkdir p; cd p || exit 1
for i in 1 2 3 4 5 6; do printf '#include "all.h"\nint f%d(int x) { return x * %d + 1; }\n' $i $i > f$i.c; done
printf '#pragma once\n#include <stdio.h>\nint f1(int), f2(int), f3(int), f4(int), f5(int), f6(int);\n' > all.h
printf '#include "all.h"\nint main(void) { int x = 1; x = f6(f5(f4(f3(f2(f1(x)))))); printf("%%d\\n", x); return x %% 5; }\n' > main.c
printf 'OBJ = main.o f1.o f2.o f3.o f4.o f5.o f6.o\nprog: libf.a main.o\n\t@gcc -o $@ main.o libf.a\n\t@echo linked\nlibf.a: f1.o f2.o f3.o f4.o f5.o f6.o\n\t@ar rcD $@ $^\n%%.o: %%.c all.h\n\t@gcc -O2 -g -Wall -c $< -o $@\nclean:\n\t@rm -f *.o prog libf.a\n.PHONY: clean\n' > Makefile
make -j2 prog; ./prog; echo "exit $?"; make prog; sleep 1.1; touch f3.c; make -j2 prog; nm prog | grep -c ' T f'; size prog > /dev/null && echo size; make clean; ls
gcc -shared -fPIC -o libs.so f1.c f2.c && printf '#include "all.h"\nint main(void) { printf("%%d\\n", f1(f2(3))); }\n' > m.c && gcc m.c -L. -ls -Wl,-rpath,. -o m && ./m
printf '#include <vector>\n#include <string>\n#include <thread>\n#include <iostream>\nint main() { std::vector<std::thread> t; int n[4] = {}; for (int i = 0; i < 4; i++) t.emplace_back([&, i] { for (int k = 0; k < 1000; k++) n[i] += k; }); for (auto &x : t) x.join(); std::cout << n[0] + n[3] << std::string("!\\n"); }\n' > t.cc && g++ -O1 -pthread t.cc -o t && ./t
printf 'int main(void) { return 0 }\n' > bad.c; gcc bad.c -o bad 2>&1 | grep -c error; gcc -static m.c f1.c f2.c -o st && ./st
