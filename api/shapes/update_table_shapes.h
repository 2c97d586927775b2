// The types that only UpdateTable has: changes of indexes and replicas, as the API's model has them. Read by its input table.
// Source: the public API model, version 2012-08-10, as of August 2026. Constants; pure.
#pragma once

#include "api/shapes/table_shapes.h"

namespace stator::api::shapes {

inline constexpr Member kUpdateGlobalSecondaryIndexActionMembers[] = {
    {"IndexName", &kIndexName, kRequired},
    {"ProvisionedThroughput", &kProvisionedThroughput},
    {"OnDemandThroughput", &kOnDemandThroughput},
    {"WarmThroughput", &kWarmThroughput},
};
inline constexpr Shape kUpdateGlobalSecondaryIndexAction =
    structure_of("UpdateGlobalSecondaryIndexAction", kUpdateGlobalSecondaryIndexActionMembers);
inline constexpr Member kCreateGlobalSecondaryIndexActionMembers[] = {
    {"IndexName", &kIndexName, kRequired},        {"KeySchema", &kKeySchema, kRequired},
    {"Projection", &kProjection, kRequired},      {"ProvisionedThroughput", &kProvisionedThroughput},
    {"OnDemandThroughput", &kOnDemandThroughput}, {"WarmThroughput", &kWarmThroughput},
};
inline constexpr Shape kCreateGlobalSecondaryIndexAction =
    structure_of("CreateGlobalSecondaryIndexAction", kCreateGlobalSecondaryIndexActionMembers);
inline constexpr Member kDeleteGlobalSecondaryIndexActionMembers[] = {
    {"IndexName", &kIndexName, kRequired},
};
inline constexpr Shape kDeleteGlobalSecondaryIndexAction =
    structure_of("DeleteGlobalSecondaryIndexAction", kDeleteGlobalSecondaryIndexActionMembers);
inline constexpr Member kGlobalSecondaryIndexUpdateMembers[] = {
    {"Update", &kUpdateGlobalSecondaryIndexAction},
    {"Create", &kCreateGlobalSecondaryIndexAction},
    {"Delete", &kDeleteGlobalSecondaryIndexAction},
};
inline constexpr Shape kGlobalSecondaryIndexUpdate =
    structure_of("GlobalSecondaryIndexUpdate", kGlobalSecondaryIndexUpdateMembers);
inline constexpr Shape kGlobalSecondaryIndexUpdateList =
    list_of("GlobalSecondaryIndexUpdateList", kGlobalSecondaryIndexUpdate);
inline constexpr Shape kRegionName = string_of("RegionName");
inline constexpr Member kProvisionedThroughputOverrideMembers[] = {
    {"ReadCapacityUnits", &kPositiveLongObject},
};
inline constexpr Shape kProvisionedThroughputOverride =
    structure_of("ProvisionedThroughputOverride", kProvisionedThroughputOverrideMembers);
inline constexpr Member kOnDemandThroughputOverrideMembers[] = {
    {"MaxReadRequestUnits", &kLongObject},
};
inline constexpr Shape kOnDemandThroughputOverride =
    structure_of("OnDemandThroughputOverride", kOnDemandThroughputOverrideMembers);
inline constexpr Member kReplicaGlobalSecondaryIndexMembers[] = {
    {"IndexName", &kIndexName, kRequired},
    {"ProvisionedThroughputOverride", &kProvisionedThroughputOverride},
    {"OnDemandThroughputOverride", &kOnDemandThroughputOverride},
};
inline constexpr Shape kReplicaGlobalSecondaryIndex =
    structure_of("ReplicaGlobalSecondaryIndex", kReplicaGlobalSecondaryIndexMembers);
inline constexpr Shape kReplicaGlobalSecondaryIndexList =
    list_of("ReplicaGlobalSecondaryIndexList", kReplicaGlobalSecondaryIndex, {.min = 1});
inline constexpr Member kCreateReplicationGroupMemberActionMembers[] = {
    {"RegionName", &kRegionName, kRequired},
    {"KMSMasterKeyId", &kKMSMasterKeyId},
    {"ProvisionedThroughputOverride", &kProvisionedThroughputOverride},
    {"OnDemandThroughputOverride", &kOnDemandThroughputOverride},
    {"GlobalSecondaryIndexes", &kReplicaGlobalSecondaryIndexList},
    {"TableClassOverride", &kTableClass},
};
inline constexpr Shape kCreateReplicationGroupMemberAction =
    structure_of("CreateReplicationGroupMemberAction", kCreateReplicationGroupMemberActionMembers);
inline constexpr Member kUpdateReplicationGroupMemberActionMembers[] = {
    {"RegionName", &kRegionName, kRequired},
    {"KMSMasterKeyId", &kKMSMasterKeyId},
    {"ProvisionedThroughputOverride", &kProvisionedThroughputOverride},
    {"OnDemandThroughputOverride", &kOnDemandThroughputOverride},
    {"GlobalSecondaryIndexes", &kReplicaGlobalSecondaryIndexList},
    {"TableClassOverride", &kTableClass},
};
inline constexpr Shape kUpdateReplicationGroupMemberAction =
    structure_of("UpdateReplicationGroupMemberAction", kUpdateReplicationGroupMemberActionMembers);
inline constexpr Member kDeleteReplicationGroupMemberActionMembers[] = {
    {"RegionName", &kRegionName, kRequired},
};
inline constexpr Shape kDeleteReplicationGroupMemberAction =
    structure_of("DeleteReplicationGroupMemberAction", kDeleteReplicationGroupMemberActionMembers);
inline constexpr std::string_view kDisassociationModeValues[] = {"WAIT_FOR_REPLICATION"};
inline constexpr Shape kDisassociationMode = enum_of("DisassociationMode", kDisassociationModeValues);
inline constexpr Member kDisassociateReplicationGroupMemberActionMembers[] = {
    {"RegionName", &kRegionName, kRequired},
    {"DisassociationMode", &kDisassociationMode, kRequired},
};
inline constexpr Shape kDisassociateReplicationGroupMemberAction = structure_of(
    "DisassociateReplicationGroupMemberAction", kDisassociateReplicationGroupMemberActionMembers);
inline constexpr Member kReplicationGroupUpdateMembers[] = {
    {"Create", &kCreateReplicationGroupMemberAction},
    {"Update", &kUpdateReplicationGroupMemberAction},
    {"Delete", &kDeleteReplicationGroupMemberAction},
    {"Disassociate", &kDisassociateReplicationGroupMemberAction},
};
inline constexpr Shape kReplicationGroupUpdate =
    structure_of("ReplicationGroupUpdate", kReplicationGroupUpdateMembers);
inline constexpr Shape kReplicationGroupUpdateList =
    list_of("ReplicationGroupUpdateList", kReplicationGroupUpdate, {.min = 1});
inline constexpr std::string_view kMultiRegionConsistencyValues[] = {"EVENTUAL", "STRONG"};
inline constexpr Shape kMultiRegionConsistency =
    enum_of("MultiRegionConsistency", kMultiRegionConsistencyValues);
inline constexpr Member kCreateGlobalTableWitnessGroupMemberActionMembers[] = {
    {"RegionName", &kRegionName, kRequired},
};
inline constexpr Shape kCreateGlobalTableWitnessGroupMemberAction = structure_of(
    "CreateGlobalTableWitnessGroupMemberAction", kCreateGlobalTableWitnessGroupMemberActionMembers);
inline constexpr Member kDeleteGlobalTableWitnessGroupMemberActionMembers[] = {
    {"RegionName", &kRegionName, kRequired},
};
inline constexpr Shape kDeleteGlobalTableWitnessGroupMemberAction = structure_of(
    "DeleteGlobalTableWitnessGroupMemberAction", kDeleteGlobalTableWitnessGroupMemberActionMembers);
inline constexpr Member kGlobalTableWitnessGroupUpdateMembers[] = {
    {"Create", &kCreateGlobalTableWitnessGroupMemberAction},
    {"Delete", &kDeleteGlobalTableWitnessGroupMemberAction},
};
inline constexpr Shape kGlobalTableWitnessGroupUpdate =
    structure_of("GlobalTableWitnessGroupUpdate", kGlobalTableWitnessGroupUpdateMembers);
inline constexpr Shape kGlobalTableWitnessGroupUpdateList =
    list_of("GlobalTableWitnessGroupUpdateList", kGlobalTableWitnessGroupUpdate, {1, 1});
inline constexpr Shape kDisassociationProtectionEnabled = boolean_of("DisassociationProtectionEnabled");
inline constexpr Member kCreateVectorIndexActionMembers[] = {
    {"IndexName", &kIndexName, kRequired},
    {"VectorAttribute", &kVectorAttributeDefinition, kRequired},
    {"SearchSchema", &kSearchSchema},
    {"Projection", &kProjection, kRequired},
    {"Dimensions", &kPositiveLongObject, kRequired},
    {"DistanceFunction", &kVectorDistanceFunction, kRequired},
};
inline constexpr Shape kCreateVectorIndexAction =
    structure_of("CreateVectorIndexAction", kCreateVectorIndexActionMembers);
inline constexpr Member kDeleteVectorIndexActionMembers[] = {
    {"IndexName", &kIndexName, kRequired},
};
inline constexpr Shape kDeleteVectorIndexAction =
    structure_of("DeleteVectorIndexAction", kDeleteVectorIndexActionMembers);
inline constexpr Member kVectorIndexUpdateMembers[] = {
    {"Create", &kCreateVectorIndexAction},
    {"Delete", &kDeleteVectorIndexAction},
};
inline constexpr Shape kVectorIndexUpdate = structure_of("VectorIndexUpdate", kVectorIndexUpdateMembers);
inline constexpr Shape kVectorIndexUpdateList = list_of("VectorIndexUpdateList", kVectorIndexUpdate);

}  // namespace stator::api::shapes
