#pragma once

#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <functional>

namespace nullworker::fleet {

// A map in order of its keys that tells the rank of a key (`order_of_key`) and the entry of a rank
// (`find_by_order`) without a walk. It comes with libstdc++.
template <class Key, class Value>
using ranked_map = __gnu_pbds::tree<Key, Value, std::less<Key>, __gnu_pbds::rb_tree_tag,
                                    __gnu_pbds::tree_order_statistics_node_update>;

}  // namespace nullworker::fleet
