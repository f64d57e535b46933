/** netlink(7), of which the routing family answers what programs ask at start: links, addresses, routes. */
package dev.kernelet.sentry.socket.netlink;
