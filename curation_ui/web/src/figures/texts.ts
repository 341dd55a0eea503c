export const TEXTS = {
  none: "—",
  period: "期间",
  years: "年",
  quarters: "季",
  months: "月",
  year: (year: number) => `${year} 年`,
  quarter: (year: number, quarter: number) => `${year} 年第 ${quarter} 季度`,
  month: (year: number, month: number) => `${year} 年 ${month} 月`,
  rise: "上升",
  fall: "下降",
  chartFailed: "图表未能加载，数据见下表",
};
