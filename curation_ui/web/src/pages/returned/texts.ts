export const TEXTS = {
  title: "退回的处方",
  about: "药师退回的处方在此答复，答复后回到审核队列",
  none: "没有退回的处方",
  reply: "答复（药师可见）",
  needed: "请填写答复",
  done: "已答复",
  actions: {
    answer: "答复说明",
    confirm: "坚持用药（二次签名）",
    appeal: "申诉（换一名药师审核）",
    withdraw: "撤回处方",
  },
};
