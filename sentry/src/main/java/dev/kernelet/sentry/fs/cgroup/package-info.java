/** The control group that a container sees itself in. Kernel lock. */
package dev.kernelet.sentry.fs.cgroup;
