/** Program images: {@link dev.kernelet.sentry.loader.Loader} puts an executable file into a fresh address space. */
package dev.kernelet.sentry.loader;
