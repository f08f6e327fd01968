#pragma once
// Who asks for a change.

#include <string>

#include "model/names.h"

namespace meridian::model {

struct Requester {
    AccountId account = {};
    std::string arn = {};
};

}  // namespace meridian::model
