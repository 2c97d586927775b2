// Lets clang read Cap'n Proto 0.9's headers as C++20. capnp/blob.h compares a const char* with a
// kj::StringPtr, whose own operators then are members only: since clang 16 (and in C++23) a member is not
// tried with its operands exchanged when operator!= is declared beside it. Fixed upstream in 1.0.1
// (capnproto#1622). Included before all else, by clang only.
#pragma once

#ifdef __cplusplus
#include <kj/string.h>

namespace kj {

inline bool operator==(const char* a, const StringPtr& b) { return b.operator==(StringPtr(a)); }
inline bool operator!=(const char* a, const StringPtr& b) { return !b.operator==(StringPtr(a)); }

}  // namespace kj
#endif
