package dev.kernelet.sandbox;

/**
 * A range of user or group ids: {@code count} from {@code inside} on are {@code outside} and following on the
 * host.
 */
public record IdMap(int inside, int outside, int count) {}
