#pragma once
// What the data plane needs to run one version of a function: an immutable value that the control
// plane publishes and that keeps serving while the control plane is busy or down.

#include <memory>

#include "model/function.h"

namespace meridian::model {

struct RunnableVersion {
    AccountId account;
    FunctionName name;
    FunctionVersion version;
    FunctionStatus status;
};

using RunnableVersionPtr = std::shared_ptr<RunnableVersion const>;

}  // namespace meridian::model
