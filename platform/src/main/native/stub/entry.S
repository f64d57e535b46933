/*
 * The stub's entries and exits, the copy routines and the two clones. %rbx is the slot wherever nothing else is said.
 */
#define __ASSEMBLER__ 1
#include "stub.h"

	.section .text.entry, "ax", @progbits
	.globl	stub_start
stub_start:
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	stub_boot
	ud2

	.globl	boot_enter
	.hidden	boot_enter
boot_enter:				/* (slot): leaves the boot stack for good */
	mov	%rdi, %rbx
	lea	OFF_STACK_TOP(%rbx), %rsp
	mov	$1, %esi
	call	child_start
	mov	%rbx, %rdi
	xor	%esi, %esi
	call	publish
	jmp	event_loop

	.text
/*
 * Signal handler. The frame lies on the slot's stack. signal_event returns 0 for the ordinary way back (rt_sigreturn), or
 * the frame's FP image: the kernel has reset FP state, so load it and leave the frame behind; registers are in the slot.
 */
	.globl	on_signal
	.hidden	on_signal
on_signal:
	sub	$8, %rsp
	call	signal_event
	test	%rax, %rax
	jz	1f
	mov	%rsp, %rbx
	and	$-SLOT_SIZE, %rbx
	mov	%rax, %rdi
	mov	472(%rdi), %eax		/* sw_reserved.xfeatures of the frame */
	mov	476(%rdi), %edx
	xrstor64 (%rdi)
	lea	OFF_STACK_TOP(%rbx), %rsp
	jmp	event_loop
1:	add	$8, %rsp
	ret
	.globl	restorer
	.hidden	restorer
restorer:
	mov	$15, %eax
	syscall
	ret				/* never reached; an attacker who jumps to the syscall returns to himself */

/*
 * From a patched call site: %rax number, %rcx return address, everything else the application's. The application's stack
 * is not touched (red zone), flags are kept: in %ax while the table of ready answers is looked at.
 */
	.section .text.patched, "ax", @progbits
	.globl	stub_entry, fast_test, fast_sahf, fast_result, fast_end, fast_slow
	.hidden	stub_entry, fast_test, fast_sahf, fast_result, fast_end, fast_slow
stub_entry:
	mov	%rax, %gs:REG(R_RAX)
	mov	%rcx, %gs:REG(R_RIP)
	mov	%eax, %ecx
	mov	%eax, %r11d
	lahf
	seto	%al
	and	$15, %ecx
	shl	$4, %ecx
	cmp	%r11d, %gs:OFF_ANSWERS(%rcx)
	jne	fast_slow
	mov	%gs:OFF_ANSWERS+8(%rcx), %r11
	mov	%gs:REG(R_RIP), %rcx
	cmpl	$0, %gs:OFF_PENDING
fast_test:				/* an interrupt from here on continues at fast_slow, see signal_event */
	jne	fast_slow
	add	$0x7f, %al		/* OF */
fast_sahf:
	sahf
fast_result:				/* ... and here counts as one in the application */
	mov	%r11, %rax
	jmp	*%rcx
fast_end:
fast_slow:
	add	$0x7f, %al
	sahf
	mov	%gs:REG(R_RAX), %rax
	mov	%gs:REG(R_RIP), %rcx
	mov	%rdi, %gs:REG(R_RDI)
	mov	%rsi, %gs:REG(R_RSI)
	mov	%rdx, %gs:REG(R_RDX)
	mov	%r10, %gs:REG(R_R10)
	mov	%r8, %gs:REG(R_R8)
	mov	%r9, %gs:REG(R_R9)
	mov	%rax, %gs:REG(R_ORIG_RAX)
	mov	%rcx, %gs:REG(R_RCX)
	mov	%rsp, %gs:REG(R_RSP)
	mov	%rbx, %gs:REG(R_RBX)
	mov	%rbp, %gs:REG(R_RBP)
	mov	%r12, %gs:REG(R_R12)
	mov	%r13, %gs:REG(R_R13)
	mov	%r14, %gs:REG(R_R14)
	mov	%r15, %gs:REG(R_R15)
	mov	%gs:OFF_STACK_PTR, %rsp
	pushfq
	pop	%r11
	cld
	mov	%r11, %gs:REG(R_EFLAGS)
	mov	%r11, %gs:REG(R_R11)
	mov	%gs:OFF_SELF, %rbx
	mov	%rbx, %rdi
	call	syscall_event
	test	%eax, %eax
	jz	event_loop
	dec	%eax
	jmp	tail_start

	.text
event_loop:
	mov	%rbx, %rdi
	call	serve
/*
 * The tail: the state is complete in the slot until the last jump, so an interrupt or fault in here counts as one in the
 * application. Its first instruction tests for an interrupt that came too early.
 */
	.globl	tail_start, tail_end
	.hidden	tail_start, tail_end
tail_start:
	cmpl	$0, OFF_PENDING(%rbx)
	jne	tail_pending
	lea	OFF_STACK_TOP(%rbx), %rsp
	test	%eax, %eax
	jnz	2f
	push	REG(R_EFLAGS)(%rbx)
	mov	REG(R_RAX)(%rbx), %rax
	mov	REG(R_RDI)(%rbx), %rdi
	mov	REG(R_RSI)(%rbx), %rsi
	mov	REG(R_RDX)(%rbx), %rdx
	mov	REG(R_R8)(%rbx), %r8
	mov	REG(R_R9)(%rbx), %r9
	mov	REG(R_R10)(%rbx), %r10
	mov	REG(R_RBP)(%rbx), %rbp
	mov	REG(R_R12)(%rbx), %r12
	mov	REG(R_R13)(%rbx), %r13
	mov	REG(R_R14)(%rbx), %r14
	mov	REG(R_R15)(%rbx), %r15
	mov	REG(R_RSP)(%rbx), %r11
	mov	REG(R_RIP)(%rbx), %rcx
	mov	REG(R_RBX)(%rbx), %rbx
	popfq
	mov	%r11, %rsp
	jmp	*%rcx
2:	push	$0x2b			/* user ss and cs: never the slot's */
	push	REG(R_RSP)(%rbx)
	push	REG(R_EFLAGS)(%rbx)
	push	$0x33
	push	REG(R_RIP)(%rbx)
	mov	REG(R_RAX)(%rbx), %rax
	mov	REG(R_RCX)(%rbx), %rcx
	mov	REG(R_RDI)(%rbx), %rdi
	mov	REG(R_RSI)(%rbx), %rsi
	mov	REG(R_RDX)(%rbx), %rdx
	mov	REG(R_R8)(%rbx), %r8
	mov	REG(R_R9)(%rbx), %r9
	mov	REG(R_R10)(%rbx), %r10
	mov	REG(R_R11)(%rbx), %r11
	mov	REG(R_RBP)(%rbx), %rbp
	mov	REG(R_R12)(%rbx), %r12
	mov	REG(R_R13)(%rbx), %r13
	mov	REG(R_R14)(%rbx), %r14
	mov	REG(R_R15)(%rbx), %r15
	mov	REG(R_RBX)(%rbx), %rbx
	iretq
tail_end:

tail_pending:
	mov	%rbx, %rdi
	call	interrupted_event
	jmp	event_loop

/*
 * Copies that may fault on an application address. In this range the fault handler continues at %r8.
 */
	.globl	copy_start, copy_end, copy_bytes, zero_bytes, copy_string, load_word, cas_word, store_long
	.hidden	copy_start, copy_end, copy_bytes, zero_bytes, copy_string, load_word, cas_word, store_long
copy_start:
copy_bytes:				/* (to, from, n): bytes not copied */
	mov	%rdx, %rcx
	lea	1f(%rip), %r8
	rep movsb
1:	mov	%rcx, %rax
	ret
zero_bytes:				/* (to, n): bytes not zeroed */
	mov	%rsi, %rcx
	lea	1f(%rip), %r8
	xor	%eax, %eax
	rep stosb
1:	mov	%rcx, %rax
	ret
copy_string:				/* (to, from, n): bytes with the NUL; 0: none in n; -1: fault */
	mov	%rdx, %rcx
	lea	copy_fault(%rip), %r8
1:	test	%rcx, %rcx
	jz	2f
	movb	(%rsi), %al
	movb	%al, (%rdi)
	inc	%rsi
	inc	%rdi
	dec	%rcx
	test	%al, %al
	jnz	1b
	mov	%rdx, %rax
	sub	%rcx, %rax
	ret
2:	xor	%eax, %eax
	ret
load_word:				/* (value, from): 0 or -1 */
	lea	copy_fault(%rip), %r8
	mov	(%rsi), %eax
	mov	%eax, (%rdi)
	xor	%eax, %eax
	ret
cas_word:				/* (at, expected and old, value): 0 or -1 */
	lea	copy_fault(%rip), %r8
	mov	(%rsi), %eax
	lock cmpxchg %edx, (%rdi)
	mov	%eax, (%rsi)
	xor	%eax, %eax
	ret
store_long:				/* (at, value): 0 or -1 */
	lea	copy_fault(%rip), %r8
	mov	%rsi, (%rdi)
	xor	%eax, %eax
	ret
copy_end:
copy_fault:
	mov	$-1, %rax
	ret

/*
 * clone_fork(memfd, socket): the child has no stack it may write to (the old arena is shared with its parent) until
 * the new arena lies over the old.
 */
	.globl	clone_fork
	.hidden	clone_fork
clone_fork:
	push	%rbx
	push	%r12
	push	%r13
	mov	%rdi, %r12
	mov	%rsi, %r13
	mov	$56, %eax
	mov	$CLONE_FORK, %edi
	xor	%esi, %esi
	xor	%edx, %edx
	xor	%r10d, %r10d
	xor	%r8d, %r8d
	syscall
	test	%rax, %rax
	jz	1f
	pop	%r13
	pop	%r12
	pop	%rbx
	ret
1:	lea	stub_base + (ARENA_BASE - STUB_BASE)(%rip), %rdi
	mov	$ARENA_SIZE, %rsi
	mov	$3, %edx		/* PROT_READ | PROT_WRITE */
	mov	$0x11, %r10d		/* MAP_SHARED | MAP_FIXED */
	mov	%r12, %r8
	xor	%r9d, %r9d
	mov	$9, %eax
	syscall
	lea	stub_base + (ARENA_BASE - STUB_BASE)(%rip), %rbx
	cmp	%rax, %rbx
	jne	2f
	add	$SLOT_SIZE, %rbx
	mov	(%rbx), %eax		/* a fault by reading maps all the Sentry has put there, by writing one page */
	lea	OFF_STACK_TOP(%rbx), %rsp
	mov	%r12, %rdi
	mov	$3, %eax
	syscall				/* close(memfd) */
	mov	%r13, %rdi
	xor	%esi, %esi
	mov	$33, %eax
	syscall				/* dup2(socket, 0) */
	mov	%r13, %rdi
	mov	$3, %eax
	syscall				/* close(socket) */
	mov	%rbx, %rdi
	mov	$1, %esi
	call	child_start
	jmp	event_loop
2:	mov	$1, %edi
	mov	$231, %eax
	syscall

	.globl	clone_thread
	.hidden	clone_thread
clone_thread:				/* (child's slot): tid or -errno */
	push	%rbx
	mov	%rdi, %rbx
	mov	$CLONE_THREAD_WORD, %edi
	lea	OFF_STACK_TOP(%rbx), %rsi
	xor	%edx, %edx
	lea	OFF_TID(%rbx), %r10
	xor	%r8d, %r8d
	mov	$56, %eax
	syscall
	test	%rax, %rax
	jz	1f
	pop	%rbx
	ret
1:	mov	%rbx, %rdi
	xor	%esi, %esi
	call	child_start
	jmp	event_loop

	.section .note.GNU-stack, "", @progbits
