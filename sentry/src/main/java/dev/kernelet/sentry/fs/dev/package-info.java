/** /dev: the memory devices (null(4), random(4), full(4)) and the tree of nodes and links that programs expect there. */
package dev.kernelet.sentry.fs.dev;
