// Any text as a function name or ARN: what is accepted survives being written and read again.

#include <cstdlib>
#include <string_view>

#include "wire/arn.h"

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    using namespace meridian::wire;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    if (auto const function = parse_function_reference(text)) {
        auto const again = parse_function_reference(format(*function));
        if (!again || *again != *function) std::abort();
    }
    if (auto const layer = parse_layer_arn(text); layer && format(*layer) != text) std::abort();
    if (auto const role = parse_role_arn(text); role && format(*role) != text) std::abort();
    return 0;
}
