/** System call tracing with decoded arguments (--strace). */
package dev.kernelet.sentry.strace;
