/* The words of a report in Chinese, by the English ones. */
#include <ctype.h>
#include <stddef.h>

#include "ctl/report.h"

static const struct {
	const char *english, *chinese;
} words[] = {
	{ "Call results", "外呼结果" },
	{ "At a glance", "概览" },
	{ "By day", "按日" },
	{ "When people answer", "何时接听" },
	{ "Why calls fail", "失败原因" },
	{ "Campaigns", "外呼活动" },
	{ "How results arrived, all campaigns", "结果到达情况（全部活动）" },
	{ "Pushes by source, all campaigns", "推送来源（全部活动）" },
	{ "Numbers to call again", "待重呼号码" },
	{ "all campaigns", "全部活动" },
	{ "campaign ", "活动 " },
	{ "campaigns ", "活动 " },
	{ ", virtual call centre ", "，虚拟呼叫中心 " },
	{ "%s%s%s%s, calls from %s to %s", "%s%s%s%s，呼叫日期 %s 至 %s" },
	{ "%s%s%s%s, no calls", "%s%s%s%s，无呼叫" },
	{ "%s: %s\n", "%s：%s\n" },
	{ "The figures", "数据表" },
	{ "Calls by day, answered and not", "每日呼叫数：已接听与未接听" },
	{ "Green: answered. Grey: not answered.", "绿色：已接听；灰色：未接听。" },
	{ "%s: %s calls, %s answered (%s)", "%s：呼叫 %s，接听 %s（%s）" },
	{ "Answer rate by weekday and hour", "各星期各时段接听率" },
	{ "no calls", "无呼叫" },
	{ "%s %d:00: %s of %s answered (%s)", "%s %d:00：接听 %s / %s（%s）" },
	{ "The stronger the green, the higher the answer rate; the highest is %.1f %%.",
	    "绿色越深，接听率越高；最高为 %.1f %%。" },
	{ "0: under 10 % answered, 9: 90 % or more", "0：接听率不足 10 %，9：90 % 及以上" },
	{ "Created", "生成于" },
	{ "Mon", "周一" }, { "Tue", "周二" }, { "Wed", "周三" }, { "Thu", "周四" }, { "Fri", "周五" }, { "Sat", "周六" },
	{ "Sun", "周日" },
	/* columns */
	{ "calls", "呼叫数" },
	{ "answered", "接听" },
	{ "failed", "失败" },
	{ "answer_rate", "接听率" },
	{ "abandoned", "放弃" },
	{ "abandon_rate", "放弃率" },
	{ "first_day", "首日" },
	{ "last_day", "末日" },
	{ "day", "日期" },
	{ "weekday", "星期" },
	{ "hour", "时" },
	{ "category", "类别" },
	{ "code", "代码" },
	{ "cause", "原因" },
	{ "share", "占比" },
	{ "campaign_id", "活动编号" },
	{ "campaign", "活动名称" },
	{ "pushes", "推送数" },
	{ "records", "记录数" },
	{ "duplicates", "重复" },
	{ "quarantined", "隔离" },
	{ "spooled", "曾暂存" },
	{ "lag_seconds", "延迟（秒）" },
	{ "late", "迟到推送" },
	{ "late_by_seconds", "最久（秒）" },
	{ "source", "来源" },
	{ "called", "被叫号码" },
	{ "attempts", "呼叫次数" },
	{ "last_call", "最近呼叫" },
	{ "redial", "重呼建议" },
	/* values of category and redial */
	{ "Successful outbound call", "外呼成功" },
	{ "Call released by a subscriber", "用户释放" },
	{ "Call normally released by the platform", "平台正常释放" },
	{ "Call released by the platform due to insufficient system resources", "平台资源不足释放" },
	{ "System error", "系统错误" },
	{ "Others", "其他" },
	{ "soon", "当天" },
	{ "later", "改天" },
	{ "fix", "平台修复后" },
};

bool
report_is_word(const char *word, const char *other)
{
	while (*word != '\0' && (tolower((unsigned char)*word) == tolower((unsigned char)*other) ||
	    (*word == '_' && *other == ' ')))
		word++, other++;
	return *word == *other;
}

const char *
report_word(const struct report *report, const char *english)
{
	for (int i = 0; report->chinese && i < ELEMENTS(words); i++)
		if (report_is_word(words[i].english, english))
			return words[i].chinese;
	return english;
}
