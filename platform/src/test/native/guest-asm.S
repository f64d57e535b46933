	.globl _start, check_call, check_loop, spawn, glibc_getppid, glibc_read, glibc_openat
_start:	and $-16, %rsp
	call guest_main
	ud2

/* The call forms of the C library. */
	.balign 16
glibc_getppid:
	mov $110, %eax
	syscall
	ret
	.globl glibc_getpid, glibc_stat, check_call39
	.balign 16
glibc_getpid:
	mov $39, %eax
	syscall
	ret
	.balign 16
glibc_stat:
	mov $4, %eax
	syscall
	ret
	.balign 16
glibc_read:
	cmpb $0, single_threaded(%rip)
	je 1f
	xor %eax, %eax
	syscall
	cmp $-4096, %rax
	ja 1f
	ret
1:	mov $-1, %rax
	ret
	.balign 16
glibc_openat:
	mov %ecx, %r10d
	mov $257, %eax
	mov $-100, %edi
	syscall
	ret

spawn:	/* (stack top, function): clone of a thread */
	mov %rsi, %r9
	mov %rdi, %rsi
	mov $0x50f00, %edi
	xor %edx, %edx
	xor %r10d, %r10d
	xor %r8d, %r8d
	mov $56, %eax
	syscall
	test %rax, %rax
	jz 1f
	ret
1:	xor %ebp, %ebp
	call *%r9
	ud2

	.macro fill
	mov $0x0101010101010101, %rbx
	mov $0x0202020202020202, %rbp
	mov $0x1212121212121212, %r12
	mov $0x1313131313131313, %r13
	mov $0x1414141414141414, %r14
	mov $0x1515151515151515, %r15
	mov $0x0606060606060606, %rsi
	mov $0x0707070707070707, %rdi
	mov $0x0303030303030303, %rdx
	mov $0x0808080808080808, %r8
	mov $0x0909090909090909, %r9
	mov $0x1010101010101010, %r10
	movq %rbx, %xmm0
	movq %rbp, %xmm7
	movq %r15, %xmm15
	.endm
	.macro expect reg, value
	mov $\value, %rax
	cmp %rax, \reg
	jne bad
	.endm
	.macro verify
	expect %rbx, 0x0101010101010101
	expect %rbp, 0x0202020202020202
	expect %r12, 0x1212121212121212
	expect %r13, 0x1313131313131313
	expect %r14, 0x1414141414141414
	expect %r15, 0x1515151515151515
	expect %rsi, 0x0606060606060606
	expect %rdi, 0x0707070707070707
	expect %rdx, 0x0303030303030303
	expect %r8, 0x0808080808080808
	expect %r9, 0x0909090909090909
	expect %r10, 0x1010101010101010
	movq %xmm0, %r8
	expect %r8, 0x0101010101010101
	movq %xmm7, %r8
	expect %r8, 0x0202020202020202
	movq %xmm15, %r8
	expect %r8, 0x1515151515151515
	.endm
	.macro save
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	.endm
	.macro restore
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	.endm

	.macro check_one nr, result
	save
	push %rsp
	fill
	cmp %rax, %rax
	mov $0x7fffffff, %eax
	add $1, %eax			/* OF, SF */
	stc
	movq $0x5a5a, -64(%rsp)		/* red zone */
	mov $\nr, %eax
	syscall
	jnc bad
	jno bad
	jns bad
	jz bad
	cmp $\result, %rax
	jne bad
	cmpq $0x5a5a, -64(%rsp)
	jne bad
	verify
	pop %rax
	cmp %rax, %rsp
	jne bad2
	restore
	xor %eax, %eax
	ret
	.endm
check_call:
	check_one 110, 77
check_call39:
	check_one 39, 1234
bad:	pop %rax
bad2:	restore
	mov $1, %eax
	ret

check_loop:	/* (turns): registers, flags, xmm while interrupts come */
	save
	mov %rdi, %rcx
	push %rcx
	fill
1:	mov $0x1111111111111111, %r11
	stc
	.rept 20
	nop
	.endr
	jnc bad
	mov $0x1111111111111111, %rax
	cmp %rax, %r11
	jne bad
	verify
	mov $0x0808080808080808, %r8
	dec %rcx
	jnz 1b
	pop %rcx
	restore
	xor %eax, %eax
	ret
	.section .note.GNU-stack, "", @progbits
