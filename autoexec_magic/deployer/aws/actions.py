"""What each service's deploy may have to be allowed, exactly: the whole policy of whoever deploys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_WHO = ("sts:GetCallerIdentity",)
_KEPT = (
    "secretsmanager:CreateSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)
_IMAGES = (
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetAuthorizationToken",
)
_LOGS = ("logs:FilterLogEvents",)

#: the calls that a deploy makes by itself, by service
ACTIONS: Mapping[str, frozenset[str]] = {
    "lambda": frozenset(
        (
            *(*_WHO, *_KEPT, *_IMAGES, *_LOGS),
            "iam:GetRole",
            "lambda:CreateAlias",
            "lambda:CreateFunction",
            "lambda:DeleteAlias",
            "lambda:DeleteFunction",
            "lambda:GetAlias",
            "lambda:GetFunction",
            "lambda:GetFunctionConfiguration",
            "lambda:GetFunctionUrlConfig",
            "lambda:InvokeFunction",
            "lambda:ListVersionsByFunction",
            "lambda:PublishVersion",
            "lambda:TagResource",
            "lambda:UpdateAlias",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
        )
    ),
    "ecs": frozenset(
        (
            *(*_WHO, *_KEPT, *_IMAGES, *_LOGS),
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ecs:CreateService",
            "ecs:DeleteService",
            "ecs:DeregisterTaskDefinition",
            "ecs:DescribeClusters",
            "ecs:DescribeServices",
            "ecs:DescribeTaskDefinition",
            "ecs:DescribeTasks",
            "ecs:ListTaskDefinitions",
            "ecs:ListTasks",
            "ecs:RegisterTaskDefinition",
            "ecs:TagResource",
            "ecs:UpdateService",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
            "iam:GetRole",
        )
    ),
}
#: what `docker push` asks of ECR for us
PUSH_ACTIONS = frozenset(
    {
        "ecr:BatchCheckLayerAvailability",
        "ecr:CompleteLayerUpload",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    }
)
#: what no call is made for, and AWS asks for: to hand a role on
PASS_ACTIONS = frozenset({"iam:PassRole"})

_NAMES = {"lambda:Invoke": "lambda:InvokeFunction"}
_SERVICES = {"elbv2": "elasticloadbalancing"}  #: which boto3 calls otherwise than IAM


def action_of(api: str, operation: str) -> str:
    """Return the action that a call needs.

    Examples
    --------
    >>> action_of("lambda", "invoke"), action_of("ecs", "update_service")
    ('lambda:InvokeFunction', 'ecs:UpdateService')
    """
    words = operation.split("_") if operation.islower() else [operation]
    name = f"{_SERVICES.get(api, api)}:{''.join(word[:1].upper() + word[1:] for word in words)}"
    return _NAMES.get(name, name)


def policy_of(actions: Iterable[str]) -> dict[str, object]:
    """Return an IAM policy that allows these actions and no more."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}],
    }
