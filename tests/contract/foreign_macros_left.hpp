// What must be left of foreign_macros.hpp when our headers have been read.
#if !defined(min) || !defined(max) || !defined(slots) || !defined(signals) || !defined(emit) || \
    !defined(foreach) || !defined(small) || !defined(interface) || !defined(ERROR) ||           \
    !defined(None) || !defined(Bool) || !defined(Status) || !defined(Success) ||                \
    !defined(major) || !defined(check) || !defined(I) || !defined(IN) || !defined(unix)
#error "a header of ours has undefined a macro of its user"
#endif
static_assert(max(1, 2) == 2 && min(1, 2) == 1, "these are the user's");
static_assert(sizeof(small) == 1 && Success == 0);
