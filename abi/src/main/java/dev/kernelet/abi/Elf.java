package dev.kernelet.abi;

/** elf.h and linux/auxvec.h. */
public final class Elf {
    private Elf() {}

    public static final int EHDR_SIZE = 64, PHDR_SIZE = 56;
    /** "\177ELF", as a little-endian int. */
    public static final int MAGIC = 0x464c457f;
    public static final int ELFCLASS64 = 2, ELFDATA2LSB = 1;
    public static final int ET_EXEC = 2, ET_DYN = 3;
    public static final int EM_386 = 3, EM_X86_64 = 62;
    public static final int PT_LOAD = 1, PT_INTERP = 3, PT_PHDR = 6, PT_GNU_STACK = 0x6474e551;
    public static final int PF_X = 1, PF_W = 2, PF_R = 4;

    // ---- offsets in Elf64_Ehdr
    public static final int E_CLASS = 4, E_DATA = 5, E_TYPE = 16, E_MACHINE = 18, E_ENTRY = 24, E_PHOFF = 32, E_PHENTSIZE = 54,
            E_PHNUM = 56;
    // ---- offsets in Elf64_Phdr
    public static final int P_TYPE = 0, P_FLAGS = 4, P_OFFSET = 8, P_VADDR = 16, P_FILESZ = 32, P_MEMSZ = 40, P_ALIGN = 48;

    public static final int AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_FLAGS = 8,
            AT_ENTRY = 9, AT_UID = 11, AT_EUID = 12, AT_GID = 13, AT_EGID = 14, AT_PLATFORM = 15, AT_HWCAP = 16,
            AT_CLKTCK = 17, AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2 = 26, AT_EXECFN = 31, AT_SYSINFO_EHDR = 33,
            AT_MINSIGSTKSZ = 51;
}
