"""The list of what a deploy may have to be allowed; that it is exact is seen in `test_power`."""

from __future__ import annotations

from deployer.aws import schema

from autoexec_magic.deployer.aws.actions import ACTIONS, action_of, policy_of


def test_each_action_is_one_of_aws():
    """They are operations that AWS publishes, but for the one that is called otherwise."""
    for actions in ACTIONS.values():
        for action in actions - {"lambda:InvokeFunction"}:
            api, _, name = action.partition(":")
            api = {"elasticloadbalancing": "elbv2"}.get(api, api)
            assert name in schema.model(api).operation_names, action


def test_a_policy_allows_them_and_no_more():
    """In the words of IAM."""
    made = policy_of(ACTIONS["ecs"])
    assert set(made["Statement"][0]["Action"]) == ACTIONS["ecs"]
    assert action_of("ecs", "DescribeTasks") == "ecs:DescribeTasks"
    assert action_of("elbv2", "describe_listeners") == "elasticloadbalancing:DescribeListeners"
