// Goal: the messages that make a cluster come back as they were sent, and bytes from anywhere are refused,
// not believed.
#include "cluster/init_messages.h"

#include <gtest/gtest.h>

#include <random>

#include "cluster/administer_messages.h"

namespace stator::cluster {
namespace {

template <class Id>
Id id_of(uint8_t first) {
  Id id{};
  for (size_t i = 0; i < id.size(); ++i) id[i] = static_cast<uint8_t>(first + i);
  return id;
}

Member member(uint64_t node) {
  Member out;
  out.node = model::NodeId(node);
  out.metadata_replica = model::ReplicaId(node);
  out.incarnation = id_of<Incarnation>(static_cast<uint8_t>(node * 20));
  out.link = "127.0.0.1:" + std::to_string(7200 + node * 1000);
  out.client = "http://127.0.0.1:" + std::to_string(7000 + node * 1000);
  out.admin = "http://127.0.0.1:" + std::to_string(7100 + node * 1000);
  out.zone = "zone-" + std::to_string(node);
  return out;
}

TEST(InitMessages, IdentifyReplyWithAndWithoutACluster) {
  IdentifyReply fresh;
  fresh.self = member(2);
  fresh.self.metadata_replica = model::ReplicaId(0);
  EXPECT_FALSE(fresh.initialised());
  EXPECT_EQ(decode_identify_reply(encode(fresh)).value(), fresh);

  IdentifyReply member_of_one = fresh;
  member_of_one.self.metadata_replica = model::ReplicaId(7);
  member_of_one.cluster_id = id_of<ClusterId>(1);
  member_of_one.members = {member(1), member(2), member(3)};
  EXPECT_TRUE(member_of_one.initialised());
  EXPECT_EQ(decode_identify_reply(encode(member_of_one)).value(), member_of_one);
}

TEST(InitMessages, Bootstrap) {
  const BootstrapRequest bootstrap{id_of<ClusterId>(9), {member(1), member(2), member(3)}};
  EXPECT_EQ(decode_bootstrap(encode(bootstrap)).value(), bootstrap);
  for (const BootstrapReply& reply : {BootstrapReply{true, ""}, BootstrapReply{false, "in another cluster"}})
    EXPECT_EQ(decode_bootstrap_reply(encode(reply)).value(), reply);
}

TEST(InitMessages, Join) {
  const JoinRequest request{member(3), "0.1.0", 1, 4};
  EXPECT_EQ(decode_join_request(encode(request)).value(), request);
  const JoinReply welcome =
      JoinWelcome{id_of<ClusterId>(5), model::ReplicaId(11), true, {member(1), member(2)}, model::NodeId(2)};
  EXPECT_EQ(decode_join_reply(encode(welcome)).value(), welcome);
  const JoinReply refusal = JoinRefusal{"there is no leader of the metadata", true};
  EXPECT_EQ(decode_join_reply(encode(refusal)).value(), refusal);
}

TEST(InitMessages, WhatOperatorsAsk) {
  const AdministerRequest asked[] = {{AdministerVerb::kDecommission, model::NodeId(7)},
                                     {AdministerVerb::kFinalizeVersion, {}}};
  for (const AdministerRequest& request : asked)
    EXPECT_EQ(decode_administer_request(encode(request)).value(), request);
  EXPECT_FALSE(decode_administer_request(encode(AdministerRequest{AdministerVerb::kDecommission, {}})).ok());
  EXPECT_FALSE(decode_administer_request(encode(AdministerRequest{static_cast<AdministerVerb>(9), {}})).ok());
  const AdministerReply reply{AdministerState::kUnderWay, "node 7 holds 4 replicas", 4};
  EXPECT_EQ(decode_administer_reply(encode(reply)).value(), reply);
  EXPECT_FALSE(decode_administer_reply(encode(AdministerReply{static_cast<AdministerState>(0), {}, 0})).ok());
  EXPECT_FALSE(decode_administer_reply("no message").ok());
  const AdministerReply wordy{AdministerState::kRefused, std::string(3 * kReasonBytesMax, 'x'), 0};
  EXPECT_EQ(decode_administer_reply(encode(wordy))->text, std::string(kReasonBytesMax, 'x'));
}

TEST(InitMessages, AReasonIsCut) {
  const BootstrapReply reply{false, std::string(3 * kReasonBytesMax, 'x')};
  EXPECT_EQ(decode_bootstrap_reply(encode(reply))->reason, std::string(kReasonBytesMax, 'x'));
}

TEST(InitMessages, WhatIsMissingIsMalformed) {
  Member nameless = member(1);
  nameless.node = model::NodeId(0);
  EXPECT_TRUE(decode_join_request(encode(JoinRequest{nameless, "0.1.0", 1, 1})).ok());  // it is to be given a number
  IdentifyReply waiting;
  waiting.self = nameless;
  EXPECT_TRUE(decode_identify_reply(encode(waiting)).ok());
  Member without_folder = member(1);
  without_folder.incarnation = {};
  EXPECT_FALSE(decode_join_request(encode(JoinRequest{without_folder, "0.1.0", 1, 1})).ok());
  EXPECT_FALSE(decode_bootstrap(encode(BootstrapRequest{ClusterId{}, {member(1)}})).ok());
  EXPECT_FALSE(decode_bootstrap(encode(BootstrapRequest{id_of<ClusterId>(1), {}})).ok());
  EXPECT_FALSE(decode_bootstrap(encode(BootstrapRequest{id_of<ClusterId>(1), {member(1), nameless}})).ok());
  EXPECT_FALSE(decode_join_reply(encode(JoinReply{JoinWelcome{id_of<ClusterId>(5), {}, false, {}, {}}})).ok());
  EXPECT_FALSE(decode_identify_reply("").ok());
  EXPECT_FALSE(decode_identify_reply("no message").ok());
}

// Every message, cut short and with bits flipped: decoding returns, whatever it makes of it.
TEST(InitMessages, DamageIsSurvived) {
  IdentifyReply reply;
  reply.self = member(1);
  reply.cluster_id = id_of<ClusterId>(1);
  reply.members = {member(1), member(2), member(3)};
  const std::string bodies[] = {
      encode(reply), encode(BootstrapRequest{id_of<ClusterId>(9), {member(1), member(2)}}),
      encode(JoinRequest{member(3), "0.1.0", 1, 4}),
      encode(JoinReply{JoinWelcome{id_of<ClusterId>(5), model::ReplicaId(1), false, {member(1)}, {}}}),
      encode(BootstrapReply{false, "no"})};
  const auto decode_all = [](std::string_view body) {
    size_t refused = 0;
    refused += !decode_identify_reply(body).ok();
    refused += !decode_bootstrap(body).ok();
    refused += !decode_join_request(body).ok();
    refused += !decode_join_reply(body).ok();
    return refused + !decode_bootstrap_reply(body).ok();
  };
  std::mt19937 random(1);
  size_t refused = 0;
  for (const std::string& body : bodies) {
    for (size_t size = 0; size < body.size(); size += 8) refused += decode_all(body.substr(0, size));
    for (int round = 0; round < 2000; ++round) {
      std::string damaged = body;
      for (int flips = 0; flips < 3; ++flips)
        damaged[random() % damaged.size()] = static_cast<char>(random());
      refused += decode_all(damaged);
    }
  }
  EXPECT_GT(refused, 10'000u);
}

TEST(InitMessages, Hex) {
  const ClusterId id = id_of<ClusterId>(0xf8);
  EXPECT_EQ(to_hex(id), "f8f9fafbfcfdfeff0001020304050607");
  ClusterId back{};
  EXPECT_TRUE(from_hex(to_hex(id), back));
  EXPECT_EQ(back, id);
  EXPECT_FALSE(from_hex("f8", back));
  EXPECT_FALSE(from_hex("g8f9fafbfcfdfeff0001020304050607", back));
}

}  // namespace
}  // namespace stator::cluster
