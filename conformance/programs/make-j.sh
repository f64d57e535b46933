# make -j on a generated C project: sixty files, generated headers, a static library, a shared one, an incremental build.
command -v gcc > /dev/null && command -v make > /dev/null || { echo "no compiler"; exit 77; }
for i in $(seq 60); do echo "#include \"all.h\"
int f$i(int x) { return x + $i; }"; done | awk '/include/ { n++ } { print > ("f" n ".c") }'
cat > Makefile << 'END'
OBJECTS := $(patsubst %.c,%.o,$(sort $(wildcard f*.c)))
all: prog shared
all.h: ; for i in $$(seq 60); do echo "int f$$i(int);"; done > $@
f%.o: f%.c all.h ; gcc -O1 -fPIC -c -o $@ $<
libf.a: $(OBJECTS) ; rm -f $@; ar rc $@ $^
libf.so: $(OBJECTS) ; gcc -shared -o $@ $^
main.c: all.h ; (echo '#include <stdio.h>'; echo '#include "all.h"'; echo 'int main(void) { int s = 0;'; for i in $$(seq 60); do echo "s += f$$i(1);"; done; echo 'printf("%d", s); puts(""); return 0; }') > $@
prog: main.c libf.a ; gcc -O1 -o $@ main.c libf.a
shared: main.c libf.so ; gcc -O1 -o $@ main.c -L. -lf -Wl,-rpath,'$$ORIGIN'
END
make -j 8 > log 2>&1; echo "make $?"; ./prog; ./shared; grep -c 'gcc -O1 -fPIC' log; make -j 8 | grep -c 'up to date\|Nothing'; sleep 0.02; touch f7.c; make -j 4 | grep -c fPIC; ./prog; gcc -O2 -flto -o lto main.c f*.c && ./lto; gcc -static -o st main.c libf.a && ./st
