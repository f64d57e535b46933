# Compile 60 Java classes.
# metric: seconds
# data: java
"${JAVA_HOME:?}/bin/javac" -proc:none -d classes "$DATA"/java/*.java && [ -e classes/C0.class ]
