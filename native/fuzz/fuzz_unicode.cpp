// Whatever the bytes: decoding stays inside them, and what it accepts is what is written again.
#include <cstdint>
#include <string>
#include <string_view>

#include "require.hpp"
#include "unicode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  bool well_formed = true;
  for (std::size_t i = 0; i < text.size();) {
    const jocas::CodePoint point = jocas::decode(text, i);
    if (point.size == 0) {
      well_formed = false;
      ++i;
      continue;
    }
    jocas::require(point.size <= text.size() - i);
    std::string again;
    jocas::append(again, point.value);
    jocas::require(again == text.substr(i, point.size));
    i += point.size;
  }
  jocas::require(jocas::is_valid_utf8(text) == well_formed);
  return 0;
}
