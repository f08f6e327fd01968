// Any bytes as a call of any Lambda operation: decoded or refused with one of the three errors of
// the protocol, and an accepted input can be written out again.

#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/rest_json.h"

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    using namespace meridian;
    if (size < 1) return 0;
    std::string_view rest(reinterpret_cast<char const*>(data) + 1, size - 1);
    auto const take_line = [&] {
        auto const end = rest.find('\n');
        auto const line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        return std::string(line);
    };
    // Byte: operation. Lines: what stands in for each label; the query; a header. Then the body.
    auto const& operation = wire::operations()[data[0] % wire::operations().size()];
    auto const label = take_line();
    HttpRequest request;
    request.method = operation.method;
    request.target = operation.path;
    for (auto open = request.target.find('{'); open != std::string::npos;
         open = request.target.find('{', open + label.size())) {
        request.target.replace(open, request.target.find('}', open) - open + 1, label);
    }
    request.target += "?" + std::string(operation.query) + "&" + take_line();
    request.headers.add("X-Amz-Invocation-Type", take_line());
    request.body = rest;

    auto const route = wire::find_route(request.method, request.path(), request.query());
    if (!route) return 0;
    auto const input = wire::decode_input(*route, request);
    if (input) {
        (void)input->dump();  // throws on text that is not UTF-8
        (void)wire::encode_output(*route->operation, *input);
        return 0;
    }
    switch (input.error().code) {
        case Errc::kSerialization:
        case Errc::kValidation:
        case Errc::kInvalidParameterValue:
            return 0;
        default:
            std::abort();
    }
}
