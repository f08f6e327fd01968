#pragma once
// The steps for what hangs under a function: aliases, policies, URLs, concurrency and so on. What
// the target alone has stays, and is noted. Pure.

#include <optional>

#include "transfer/function_plan.h"

namespace meridian::transfer {

void plan_function_parts(FunctionRecord const& wanted, std::optional<FunctionRecord> const& current,
                         FunctionPlanOptions options, Unit& unit);

}  // namespace meridian::transfer
