// Floor 1, host: the floating-point environment of a thread: rounding, subnormal numbers, traps.
//
// A function that a thread calls may change it for good. Only the control bits are read and set
// here. The flags for inexact results, divisions by zero and so on stay as they are.
#pragma once

#include <cfenv>
#include <cstdint>

#if defined(__SSE2__) && (defined(__x86_64__) || defined(__i386__))
#include <emmintrin.h>
#define TESSERA_MXCSR 1
#endif

namespace tessera::host {

/// The control bits of a thread's floating-point environment. The word means the same in every
/// process of one program.
class FloatEnvironment {
 public:
  explicit FloatEnvironment(std::uint64_t word) noexcept : word_(word) {}
  std::uint64_t word() const noexcept { return word_; }

  /// The calling thread's environment.
  static FloatEnvironment now() noexcept { return FloatEnvironment(read()); }
  /// Sets it in the calling thread.
  void set() const noexcept {
    if (const auto current = read(); current != word_) write(current, word_);
  }

 private:
  // Volatile, and with "memory": loads, arithmetic and stores of kernels don't move across it.
#if defined(TESSERA_MXCSR)
  // Bits 0 to 5 of MXCSR are flags. The upper half holds the control word of the x87 unit, which
  // computes long doubles.
  static constexpr std::uint32_t flags = 0x3f;

  static std::uint64_t read() noexcept {
    std::uint32_t control = 0;
    std::uint16_t x87 = 0;
    asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(control), "=m"(x87) : : "memory");
    return (std::uint64_t{x87} << 32) | (control & ~flags);
  }
  static void write(std::uint64_t current, std::uint64_t word) noexcept {
    if (static_cast<std::uint32_t>(current) != static_cast<std::uint32_t>(word)) {
      std::uint32_t control = 0;
      asm volatile("stmxcsr %0" : "=m"(control) : : "memory");
      control = (control & flags) | (static_cast<std::uint32_t>(word) & ~flags);
      asm volatile("ldmxcsr %0" : : "m"(control) : "memory");
    }
    const auto x87 = static_cast<std::uint16_t>(word >> 32);
    // An old flag must not trap now, if its trap gets enabled again.
    if (current >> 32 != x87) asm volatile("fnclex\n\tfldcw %0" : : "m"(x87) : "memory");
  }
#elif defined(__aarch64__)
  static std::uint64_t read() noexcept {
    std::uint64_t word = 0;
    asm volatile("mrs %0, fpcr" : "=r"(word) : : "memory");
    return word;
  }
  static void write(std::uint64_t, std::uint64_t word) noexcept {
    asm volatile("msr fpcr, %0" : : "r"(word) : "memory");
  }
#else
  // Standard C++ offers rounding only.
  static std::uint64_t read() noexcept { return static_cast<std::uint64_t>(std::fegetround()); }
  static void write(std::uint64_t, std::uint64_t word) noexcept {
    std::fesetround(static_cast<int>(word));
  }
#endif

  std::uint64_t word_;
};

/// Sets an environment for this thread. again() sets it once more if called code has changed it.
/// The destructor restores the thread's own one.
class FloatGuard {
 public:
  /// `at_a_glance`: again() may set the flags of inexact and tiny results.
  FloatGuard(FloatEnvironment asked, bool at_a_glance) noexcept : asked_(asked) {
    asked_.set();
#if defined(TESSERA_MXCSR)
    constexpr std::uint64_t traps_masked = 0x1900;  // denormal, underflow, inexact
    glances_ = at_a_glance && (asked.word() & traps_masked) == traps_masked;
    if (glances_) expected_ = glance();
#else
    static_cast<void>(at_a_glance);
#endif
  }
  FloatGuard(const FloatGuard&) = delete;
  FloatGuard& operator=(const FloatGuard&) = delete;
  ~FloatGuard() { before_.set(); }

  /// Call it before each call of a kernel. A glance costs 1 ns; reading MXCSR costs 6 ns on
  /// some processors, as much as a small tile.
  void again() const noexcept {
#if defined(TESSERA_MXCSR)
    if (glances_ && glance() == expected_) return;
#endif
    asked_.set();
  }

 private:
  FloatEnvironment before_ = FloatEnvironment::now(), asked_;

#if defined(TESSERA_MXCSR)
  struct Glance {
    std::uint16_t x87;
    __m128i sums;
    bool operator==(const Glance& other) const noexcept {
      return x87 == other.x87 && _mm_movemask_epi8(_mm_cmpeq_epi32(sums, other.sums)) == 0xffff;
    }
  };
  // Four sums in one instruction. Each differs in another environment: two are rounded, one has a
  // subnormal result, one has subnormal terms.
  static Glance glance() noexcept {
    auto a = _mm_castsi128_ps(_mm_set_epi32(0x3f800000, -0x40800000, 0x00c00000, 0x007fffff));
    auto b = _mm_castsi128_ps(_mm_set_epi32(0x33c00000, -0x4c400000, -0x7f800000, 0x007fffff));
    asm volatile("" : "+x"(a), "+x"(b) : : "memory");  // computed at run time, not by the compiler
    Glance out;
    out.sums = _mm_castps_si128(_mm_add_ps(a, b));
    asm volatile("fnstcw %0" : "=m"(out.x87) : : "memory");
    return out;
  }

  bool glances_ = false;
  Glance expected_{};
#endif
};

}  // namespace tessera::host
