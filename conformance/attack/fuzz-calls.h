/*
 * The calls of the fuzzer: number and one letter per argument.
 *   f descriptor  d directory or AT_FDCWD  p path  n name  b buffer  z size  i small number  x any number  m mode  s signal
 *   P process  v iovec  c count  a address  l length  k sockaddr  K its size  j pointer to a size  t timespec  T milliseconds
 *   q signal set  Q 8  C clock  M msghdr  H mmsghdr  E epoll_event  F open flags  A *at flags  u id  r rlimit  W futex word
 *   G any bits  V sigaction  L clone_args  O open_how  y socket family  Y socket type  R prot  X map flags  o option
 * A call with a weight above 1 is chosen that much more often.
 */
#define CALLS(X) \
	X(0, "fbz", 3) X(1, "fbz", 3) X(2, "pFm", 4) X(3, "f", 2) X(4, "pb", 1) X(5, "fb", 1) X(6, "pb", 1) X(7, "bcT", 2) \
	X(8, "fxi", 1) X(9, "alRXfx", 5) X(10, "alR", 4) X(11, "al", 3) X(12, "x", 1) X(13, "sVVQ", 2) X(14, "iqqQ", 1) \
	X(15, "", 0) X(16, "fob", 6) X(17, "fbzx", 1) X(18, "fbzx", 1) X(19, "fvc", 1) X(20, "fvc", 1) X(21, "pi", 1) \
	X(22, "b", 1) X(23, "ibbbt", 1) X(24, "", 1) X(25, "allGa", 4) X(26, "ali", 1) X(27, "alb", 1) X(28, "alo", 3) \
	X(29, "izG", 1) X(30, "iaG", 1) X(31, "iib", 1) X(32, "f", 1) X(33, "ff", 1) X(34, "", 0) X(35, "tb", 1) X(36, "ib", 1) \
	X(37, "c", 0) X(38, "ibb", 0) X(39, "", 1) X(40, "ffbz", 2) X(41, "yYi", 3) X(42, "fkK", 3) X(43, "fbj", 2) \
	X(44, "fbzGkK", 3) X(45, "fbzGbj", 2) X(46, "fMG", 4) X(47, "fMG", 4) X(48, "fi", 1) X(49, "fkK", 3) X(50, "fi", 2) \
	X(51, "fbj", 1) X(52, "fbj", 1) X(53, "yYib", 2) X(54, "fiobz", 4) X(55, "fiobj", 4) X(56, "L", 1) X(57, "", 1) \
	X(58, "", 0) X(59, "pvv", 1) X(60, "i", 0) X(61, "PbGb", 1) X(62, "Ps", 1) X(63, "b", 1) X(64, "iiG", 1) X(65, "ibc", 2) \
	X(66, "iiob", 2) X(67, "a", 1) X(68, "iG", 1) X(69, "ibzG", 2) X(70, "ibziG", 2) X(71, "iob", 1) X(72, "fox", 5) \
	X(73, "fi", 2) X(74, "f", 1) X(75, "f", 1) X(76, "px", 1) X(77, "fx", 2) X(78, "fbz", 1) X(79, "bz", 1) X(80, "p", 1) \
	X(81, "f", 1) X(82, "pp", 2) X(83, "pm", 2) X(84, "p", 1) X(85, "pm", 1) X(86, "pp", 2) X(87, "p", 2) X(88, "pp", 2) \
	X(89, "pbz", 1) X(90, "pm", 1) X(91, "fm", 1) X(92, "puu", 1) X(93, "fuu", 1) X(94, "puu", 1) X(95, "m", 1) X(96, "bb", 1) \
	X(97, "rb", 1) X(98, "ib", 1) X(99, "b", 1) X(100, "b", 1) X(101, "iPab", 1) X(102, "", 1) X(103, "ibz", 1) X(104, "", 1) \
	X(105, "u", 0) X(106, "u", 0) X(109, "PP", 1) X(110, "", 1) X(111, "", 1) X(112, "", 1) X(113, "uu", 0) X(114, "uu", 0) \
	X(115, "ib", 1) X(116, "ib", 0) X(117, "uuu", 0) X(118, "bbb", 1) X(119, "uuu", 0) X(120, "bbb", 1) X(121, "P", 1) \
	X(122, "u", 1) X(123, "u", 1) X(124, "P", 1) X(125, "bb", 1) X(126, "bb", 0) X(127, "bQ", 1) X(128, "qbtQ", 1) \
	X(129, "Psb", 1) X(130, "qQ", 0) X(131, "bb", 1) X(132, "pb", 1) X(133, "pmi", 2) X(135, "i", 1) X(136, "ib", 1) \
	X(137, "pb", 1) X(138, "fb", 1) X(139, "ipb", 1) X(140, "iP", 1) X(141, "iPi", 1) X(142, "Pb", 1) X(143, "Pb", 1) \
	X(144, "Pib", 1) X(145, "P", 1) X(146, "i", 1) X(147, "i", 1) X(148, "Pb", 1) X(149, "al", 1) X(150, "al", 1) X(151, "i", 0) \
	X(152, "", 1) X(155, "pp", 0) X(157, "oxxxx", 2) X(158, "ob", 1) X(159, "b", 1) X(160, "rb", 0) X(161, "p", 1) X(162, "", 1) \
	X(163, "p", 1) X(164, "bb", 1) X(165, "pppGb", 2) X(166, "pG", 1) X(170, "bz", 1) X(171, "bz", 1) X(186, "", 1) \
	X(187, "fxz", 1) X(188, "pnbzi", 2) X(189, "pnbzi", 1) X(190, "fnbzi", 2) X(191, "pnbz", 1) X(192, "pnbz", 1) \
	X(193, "fnbz", 1) X(194, "pbz", 1) X(195, "pbz", 1) X(196, "fbz", 1) X(197, "pn", 1) X(198, "pn", 1) X(199, "fn", 1) \
	X(200, "Ps", 1) X(201, "b", 1) X(202, "WoitWi", 6) X(203, "Pzb", 1) X(204, "Pzb", 1) X(213, "i", 1) X(216, "aliiG", 1) \
	X(217, "fbz", 2) X(218, "b", 1) X(219, "", 1) X(220, "ibct", 1) X(221, "fxzi", 1) X(222, "Cbb", 2) X(223, "iibb", 2) \
	X(224, "ib", 1) X(225, "i", 1) X(226, "i", 1) X(227, "Cb", 1) X(228, "Cb", 1) X(229, "Cb", 1) X(230, "Citb", 1) X(231, "i", 0) \
	X(232, "fbcT", 2) X(233, "fifE", 5) X(234, "PPs", 1) X(235, "pb", 1) X(237, "aliblG", 1) X(238, "ibl", 1) X(239, "bblai", 1) \
	X(240, "nFmb", 2) X(241, "n", 1) X(242, "fbzit", 1) X(243, "fbzbt", 1) X(244, "fb", 1) X(245, "fbb", 1) X(247, "iPbGb", 1) \
	X(251, "iPi", 1) X(252, "iP", 1) X(253, "", 1) X(254, "fpG", 2) X(255, "fi", 1) X(256, "Pibb", 1) X(257, "dpFm", 4) \
	X(258, "dpm", 1) X(259, "dpmi", 2) X(260, "dpuuA", 1) X(261, "dpb", 1) X(262, "dpbA", 1) X(263, "dpA", 2) X(264, "dpdp", 2) \
	X(265, "dpdpA", 2) X(266, "pdp", 1) X(267, "dpbz", 1) X(268, "dpm", 1) X(269, "dpi", 1) X(270, "ibbbtb", 1) X(271, "bctqQ", 1) \
	X(272, "G", 1) X(273, "bz", 1) X(274, "Pbb", 1) X(275, "fbfbzG", 4) X(276, "ffzG", 3) X(277, "fxxG", 1) X(278, "fvcG", 3) \
	X(279, "PcbbbG", 1) X(280, "dpbA", 1) X(281, "fbcTqQ", 1) X(282, "fqQ", 1) X(283, "CG", 1) X(284, "i", 1) X(285, "fGxz", 3) \
	X(286, "fibb", 2) X(287, "fb", 1) X(288, "fbjG", 2) X(289, "fqQG", 1) X(290, "iG", 1) X(291, "G", 1) X(292, "ffG", 1) \
	X(293, "bG", 1) X(294, "G", 1) X(295, "fvcxi", 1) X(296, "fvcxi", 1) X(297, "PPsb", 1) X(299, "fHcGt", 2) X(302, "Prbb", 0) \
	X(303, "dpbbA", 1) X(304, "fbF", 1) X(305, "Cb", 1) X(306, "f", 1) X(307, "fHcG", 2) X(308, "fG", 1) X(309, "bbb", 1) \
	X(310, "PvcvcG", 2) X(311, "PvcvcG", 2) X(312, "PPiii", 1) X(314, "PbG", 1) X(315, "PbzG", 1) X(316, "dpdpi", 2) X(317, "iGb", 0) \
	X(318, "bzG", 1) X(319, "nG", 2) X(322, "fpvvA", 1) X(323, "G", 1) X(324, "iGi", 1) X(325, "ali", 1) X(326, "fbfbzG", 3) \
	X(327, "fvcxiG", 1) X(328, "fvcxiG", 1) X(329, "alRi", 1) X(330, "GG", 1) X(331, "i", 1) X(332, "dpAGb", 1) X(334, "bzGi", 1) \
	X(424, "fsbG", 1) X(425, "cb", 1) X(434, "PG", 2) X(435, "Lz", 2) X(436, "iiG", 0) X(437, "dpOz", 2) X(438, "ffG", 1) \
	X(439, "dpiA", 1) X(440, "fvcoG", 1) X(441, "fbctqQ", 1) X(447, "G", 1) X(448, "fG", 1) X(449, "bcGtC", 2) X(451, "fbbG", 1) \
	X(452, "dpmA", 1) X(453, "allG", 1) X(454, "WxiG", 2) X(455, "WxxGtC", 2) X(456, "bGii", 2) X(462, "alG", 0) \
	X(463, "dpAnbz", 1) X(464, "dpAnbz", 1) X(465, "dpAbz", 1) X(466, "dpAn", 1) X(500, "xxx", 1) X(1023, "xxx", 1)
