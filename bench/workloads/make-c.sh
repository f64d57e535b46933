# Build a C project of 100 source files with make -j2.
# metric: seconds
# needs: gcc make
# data: project
cp -r "$DATA/project" . && cd project && make -s -j2 && ./program > out && [ -s out ]
