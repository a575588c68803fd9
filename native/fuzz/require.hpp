// What a fuzz target holds to be true; the fuzzer keeps the input for which it is not.
#pragma once

#include <cstdlib>

namespace jocas {

inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace jocas
