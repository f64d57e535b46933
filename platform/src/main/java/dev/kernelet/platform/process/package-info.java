/**
 * What the platforms share whose application threads are threads of host processes: the host calls they make,
 * extended state images, and the emptying of a fresh process. Knows no platform. No locks.
 */
package dev.kernelet.platform.process;
