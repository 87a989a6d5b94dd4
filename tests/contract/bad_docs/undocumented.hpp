// Public: Bare, Documented, count, TESSERA_BARE, TESSERA_BARE_TOO. What the reference refuses, each
// on a line that is marked.
#pragma once

#define TESSERA_BARE 1  // defect
/// A macro.
#define TESSERA_BARE_TOO 1
#define TESSERA_NOT_PUBLIC 1

namespace tessera {

class Bare {  // defect
 public:
  int member();  // defect
};

struct Empty {};  // defect

enum class BareEnumeration { one };  // defect

using bare_type = int;  // defect

inline constexpr int bare_constant = 1;  // defect

int bare_function();  // defect

template <class T>
concept BareConcept = true;  // defect

/// A comment that refers to \ref nothing_at_all.  // defect
int refers();

namespace detail {
int hidden();
}  // namespace detail

/// A class with a comment.
class Documented {
 public:
  Documented(const Documented&) = delete;
  ~Documented() = default;

  /// A member and its overloads.
  int member(int);
  int member(long);
  template <class T>
    requires(sizeof(T) == 1)
  int member(T) {
    // A comment of the body.
    return 1;
  }
  int member(char);
  int other(int);  // defect
  int other(long);  // defect

  int member(short);  // defect
  // A comment that Doxygen does not see.
  int plain();  // defect
  int value = 0;  // defect

  template <class T>
  int bare_template(T);  // defect

  using inner = int;  // defect

  // xtensor calls these.
  int hidden();

  struct Nested {  // defect
    int member;  // defect
  };

 private:
  int hidden_too();
};

}  // namespace tessera
