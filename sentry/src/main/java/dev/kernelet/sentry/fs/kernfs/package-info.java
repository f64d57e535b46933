/** The base of pseudo filesystems: directories in memory, files whose text is made when they are read. Kernel lock. */
package dev.kernelet.sentry.fs.kernfs;
