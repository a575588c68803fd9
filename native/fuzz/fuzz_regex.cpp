// A program is refused when it is made, or runs to its end inside the text and within its steps.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "regex.hpp"
#include "require.hpp"
#include "tables.hpp"

namespace {

std::vector<jocas::Instruction> take_code(FuzzedDataProvider& bytes) {
  std::vector<jocas::Instruction> code(bytes.ConsumeIntegralInRange<std::size_t>(0, 12));
  const auto take = [&](int least, int most) { return bytes.ConsumeIntegralInRange(least, most); };
  for (jocas::Instruction& step : code) {
    step = {static_cast<jocas::Op>(take(-1, 9)), take(-1, 12), take(-2, 12), take(-1, 14)};
  }
  return code;
}

std::vector<jocas::CharacterSet> take_sets(FuzzedDataProvider& bytes) {
  std::vector<jocas::CharacterSet> sets(bytes.ConsumeIntegralInRange<std::size_t>(0, 4));
  for (jocas::CharacterSet& set : sets) {
    set = {bytes.ConsumeBool(), bytes.ConsumeIntegral<std::uint8_t>(), {}};
    const auto first = bytes.ConsumeIntegralInRange<std::uint32_t>(0, 0x10FFFF);
    set.ranges.emplace_back(first, first + bytes.ConsumeIntegralInRange<std::uint32_t>(0, 300));
  }
  return sets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto classes = std::make_shared<const jocas::ClassTable>(jocas::make_class_page);
  constexpr std::int64_t kSteps = 20'000;
  FuzzedDataProvider bytes(data, size);
  std::vector<jocas::Instruction> code = take_code(bytes);
  const std::vector<jocas::CharacterSet> sets = take_sets(bytes);
  std::u32string text;
  while (bytes.remaining_bytes() > 0) text.push_back(bytes.ConsumeIntegralInRange(0u, 0x10FFFFu));
  try {
    const jocas::Program program(std::move(code), sets, classes);
    jocas::Run run;
    for (std::size_t start = 0; start <= text.size() && program.size() > 0; ++start) {
      run.steps_left = kSteps;
      const std::size_t end = program.match(0, text, start, jocas::Program::kNone, run);
      jocas::require(run.attempts.empty());
      jocas::require(run.steps_left < 0 || end == jocas::Program::kNone || end <= text.size());
    }
  } catch (const std::invalid_argument&) {
    return 0;
  }
  return 0;
}
