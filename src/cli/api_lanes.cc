#include "cli/api_lanes.h"

#include "cli/aws_services.h"

namespace meridian::cli {

ApiLanes::ApiLanes(Connection const& connection, Clock const& clock) {
    for (std::size_t n = 0; n < transfer::kLanesMax; ++n) {
        if (is_aws(connection))
            clients_.push_back(std::make_unique<AwsServices>(connection, clock));
        else
            clients_.push_back(std::make_unique<AwsClient>(connection, clock));
        retrying_.push_back(std::make_unique<transfer::RetryingApi>(*clients_.back()));
    }
}

transfer::Lanes ApiLanes::lanes() const {
    transfer::Lanes out;
    for (auto const& lane : retrying_) out.push_back(lane.get());
    return out;
}

}  // namespace meridian::cli
