package dev.kernelet.platform;

/**
 * What a platform is like.
 *
 * @param name       as given to {@code --platform}
 * @param userEnd    first address the application may not map
 * @param xstateSize bytes of a signal frame's extended state image (XSAVE area, without the trailing magic)
 * @param hwcap2     AT_HWCAP2 to advertise (FSGSBASE left out where %gs is the platform's)
 */
public record PlatformTraits(String name, long userEnd, int xstateSize, long hwcap2) {
    /** Bytes from {@code address} to the end of application memory, at most {@code length}. */
    public long clamp(long address, long length) {
        if (address < 0 || address >= userEnd || length <= 0) return 0;
        return Math.min(length, userEnd - address);
    }
}
