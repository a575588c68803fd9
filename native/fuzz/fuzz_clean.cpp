// Whatever the bytes: what is cleaned is well-formed, and clean; what is not leaves no trace.
#include <cstdint>
#include <string>
#include <string_view>

#include "clean.hpp"
#include "require.hpp"
#include "unicode.hpp"

namespace {

jocas::Cleaner make_cleaner() {
  jocas::CleaningTables tables;
  tables.characters = {{'\r', "\n"}, {'\t', " "}, {0xA0, " "}, {0x200B, ""}, {0x2019, "'"}};
  for (char32_t control = 0; control < 32; ++control) tables.characters.try_emplace(control, "");
  tables.entities = {{"amp", "&"},   {"amp;", "&"}, {"lt", "<"},    {"lt;", "<"},
                     {"gt", ">"},    {"gt;", ">"},  {"nbsp;", " "}, {"eacute", "\xC3\xA9"},
                     {"eacute;", "\xC3\xA9"}};
  for (int number = 0; number < 160; ++number) {
    tables.numbers.emplace_back(number >= ' ' && number <= '~' ? 1 : 0, static_cast<char>(number));
  }
  tables.block_tags = {"br", "div", "li", "p"};
  tables.inline_tags = {"b", "span", "strong"};
  tables.hidden_tags = {"script", "style"};
  tables.missing = {"", "nan", "none"};
  return jocas::Cleaner(std::move(tables));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const jocas::Cleaner cleaner = make_cleaner();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string out = "before";
  if (!cleaner.clean(text, out)) {
    jocas::require(out == "before");
    return 0;
  }
  const std::string clean = out.substr(6);
  jocas::require(out.substr(0, 6) == "before" && jocas::is_valid_utf8(clean));
  std::string again;
  if (cleaner.clean(clean, again)) jocas::require(again == clean);
  cleaner.is_missing(text);
  return 0;
}
