#include "api/json_answer.h"

namespace meridian::api {

HttpResponse json_answer(nlohmann::json const& body) {
    HttpResponse response;
    response.headers.add("Content-Type", "application/json");
    response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return response;
}

}  // namespace meridian::api
