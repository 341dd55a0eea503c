"""What people call kinds, statuses and degrees of trust."""

from __future__ import annotations

from typing import Final

from knowledge.model import ConceptKind, Standing, Status

RECORDS: Final[dict[str, str]] = {
    "concept": "概念",
    "statement": "知识",
    "article": "文章",
    "rule": "规则",
    "source": "来源",
}
CONCEPTS: Final[dict[ConceptKind, str]] = {
    ConceptKind.INGREDIENT: "药品成分",
    ConceptKind.DRUG_CLASS: "药理分类",
    ConceptKind.PRODUCT: "药品",
    ConceptKind.DISEASE: "疾病",
    ConceptKind.SYMPTOM: "症状",
    ConceptKind.PHENOTYPE: "表型",
    ConceptKind.LAB: "检验",
    ConceptKind.EXAM: "检查",
    ConceptKind.PROCEDURE: "手术与操作",
    ConceptKind.ALLERGEN: "过敏原",
    ConceptKind.FOOD: "食物",
    ConceptKind.DEPARTMENT: "科室",
    ConceptKind.SERVICE: "诊疗服务项目",
    ConceptKind.BLOOD_PRODUCT: "血液成分",
    ConceptKind.FINDING: "临床发现",
}
STATUSES: Final[dict[Status, str]] = {
    Status.DRAFT: "草稿",
    Status.SUBMITTED: "待审核",
    Status.APPROVED: "已批准",
    Status.REJECTED: "已退回",
    Status.PUBLISHED: "已发布",
    Status.RETIRED: "已停用",
}
STANDINGS: Final[dict[Standing, str]] = {
    Standing.UNREVIEWED: "未审核",
    Standing.SECONDARY: "二手来源",
    Standing.STARTER: "起步内容",
    Standing.REVIEWED: "本地审核",
}
CHANGES: Final[dict[str, str]] = {
    "created": "新建",
    "edited": "修改",
    "submitted": "提交审核",
    "approved": "批准",
    "rejected": "退回",
    "published": "发布",
    "retired": "停用",
    "restored": "恢复",
    "merged": "合并",
}
"""What a revision did."""
STEPS: Final[dict[str, str]] = {"submit": "提交审核", "approve": "批准", "reject": "退回", "retire": "停用"}
"""Steps of the review workflow."""
