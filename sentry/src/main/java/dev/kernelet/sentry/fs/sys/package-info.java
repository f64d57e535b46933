/** sysfs: what C libraries and runtimes read of it (processor topology, NUMA nodes, huge pages, network interfaces). */
package dev.kernelet.sentry.fs.sys;
