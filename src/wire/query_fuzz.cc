// Any bytes as a form for IAM and STS: decoded or refused, and the answer to an accepted one is
// written.

#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/errors.h"
#include "wire/query_xml.h"

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    using namespace meridian;
    std::string_view const form(reinterpret_cast<char const*>(data), size);
    model::RequestId const id{"id"};
    for (auto const service : {wire::Service::kIam, wire::Service::kSts}) {
        auto const call = wire::decode_query(service, {"POST", "/", {}, std::string(form), {}});
        if (!call) {
            (void)wire::encode_error(service, call.error(), id);
            continue;
        }
        (void)call->input.dump();  // throws on text that is not UTF-8
        auto const answer = wire::encode_query_output(*call->operation, call->input, id);
        if (!answer.body.ends_with("Response>")) std::abort();
    }
    return 0;
}
