package dev.kernelet.sandbox;

/**
 * A host directory or file shown inside, writes going through ({@code --volume SRC[:DST]}).
 *
 * @param source      host path, absolute or relative to the caller's directory
 * @param destination path inside
 */
public record Volume(String source, String destination) {}
