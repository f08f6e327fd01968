// Any bytes as pipeline.yaml: refused or read, and what is read is whole.

#include <cstdlib>
#include <string_view>

#include "pipeline/definition.h"

using namespace meridian::pipeline;

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    auto const read = parse_definition({reinterpret_cast<char const*>(data), size});
    if (!read) {
        if (read.error().message.empty()) std::abort();
        return 0;
    }
    if (read->stages.empty() || read->stages.size() > kStagesMax) std::abort();
    for (auto const& stage : read->stages) {
        if (stage.name.empty() || !stage.settings.is_object()) std::abort();
        (void)stage.settings.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    return 0;
}
