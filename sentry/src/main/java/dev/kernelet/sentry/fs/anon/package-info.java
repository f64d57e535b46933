/** Files without a name: epoll(7), eventfd(2), timerfd_create(2), signalfd(2). */
package dev.kernelet.sentry.fs.anon;
