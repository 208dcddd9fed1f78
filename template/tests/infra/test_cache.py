"""The cache is private and encrypted, and can be lost."""

from template.tests.infra.cloudformation import TEMPLATES, stack

CACHE = stack("cache").resources


def test_only_its_clients_reach_the_cache():
    """The cache admits those who wear its clients' group, on its port alone."""
    assert CACHE["Cache"].properties["SecurityGroupIds"] == [CACHE["CacheSecurityGroup"].id]
    assert "SecurityGroupIngress" not in CACHE["CacheSecurityGroup"].properties
    [rule] = [
        one.properties for one in CACHE.values() if one.type == "AWS::EC2::SecurityGroupIngress"
    ]
    assert rule["SourceSecurityGroupId"] == CACHE["CacheClientSecurityGroup"].id
    assert (rule["FromPort"], rule["ToPort"]) == (6379, 6379)


def test_the_way_out_is_opened_for_the_cache_alone():
    """Its clients' group lets them out to the cache and nowhere else, and the cache nowhere."""
    [way] = CACHE["CacheClientSecurityGroup"].properties["SecurityGroupEgress"]
    assert way["DestinationSecurityGroupId"] == CACHE["CacheSecurityGroup"].id
    assert (way["FromPort"], way["ToPort"]) == (6379, 6379)
    assert not {"CidrIp", "CidrIpv6", "DestinationPrefixListId"} & set(way)
    [nowhere] = CACHE["CacheSecurityGroup"].properties["SecurityGroupEgress"]
    assert nowhere["CidrIp"] == "127.0.0.1/32"


def test_the_cache_is_encrypted():
    """It speaks TLS only, which its address says, and encrypts what it keeps."""
    properties = CACHE["Cache"].properties
    assert properties["TransitEncryptionEnabled"] is True
    assert properties["TransitEncryptionMode"] == "required"
    assert properties["AtRestEncryptionEnabled"] is True
    url = stack("cache").outputs["CacheUrl"]
    assert url.startswith("rediss://")
    assert url.endswith(f":{properties['Port']}/0")


def test_the_cache_is_small_and_alone():
    """One node of the size that is chosen, which nobody has to fail over to, and no backups."""
    properties = stack("cache", CacheNodeType="cache.t4g.small").resources["Cache"].properties
    assert properties["CacheNodeType"] == "cache.t4g.small"
    assert properties["NumCacheClusters"] == 1
    assert properties["AutomaticFailoverEnabled"] is False
    assert properties["SnapshotRetentionLimit"] == 0
    assert TEMPLATES["cache"]["Parameters"]["CacheNodeType"]["Default"] == "cache.t4g.micro"


def test_the_containers_wear_the_clients_group():
    """With the cache's outputs the service wears its group beside the two that it has."""
    chosen = {"CacheUrl": "rediss://cache.example.com:6379/0"}
    with_cache = stack("stage", **chosen, CacheClientSecurityGroupId="sg-0ca").resources
    without = stack("stage").resources
    groups = [
        one["Service"].properties["NetworkConfiguration"]["AwsvpcConfiguration"]["SecurityGroups"]
        for one in (with_cache, without)
    ]
    assert groups[0] == [*groups[1], "sg-0ca"]
    assert len(groups[1]) == 2
