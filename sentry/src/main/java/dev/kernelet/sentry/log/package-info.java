/** The debug log. Costs nothing while off. */
package dev.kernelet.sentry.log;
