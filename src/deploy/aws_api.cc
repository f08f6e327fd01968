#include "deploy/aws_api.h"

namespace meridian::deploy {

std::string AwsAnswer::message() const {
    for (auto const* const member : {"Message", "message"}) {
        if (body.is_object() && body.contains(member) && body[member].is_string())
            return body[member].get<std::string>();
    }
    return body.is_string() ? body.get<std::string>() : body.dump();
}

}  // namespace meridian::deploy
