/**
 * TCP and UDP within a sandbox without network: 127.0.0.0/8 and ::1, no packets, no host. Everything else is ENETUNREACH.
 */
package dev.kernelet.sentry.socket.loopback;
