-- What those who use the results add to them: names of campaigns, causes in other languages, and which causes are calls
-- that were answered and then abandoned. All of it is yours to edit; no later install touches what is there.

create table callresult.campaign (
    campaign_id      text collate "C" primary key,
    vdn_id           integer,
    name             text not null
);

comment on table callresult.campaign is 'Names of campaigns, for reports; yours to fill';
comment on column callresult.campaign.campaign_id is 'Outbound campaign, as in call_result';
comment on column callresult.campaign.vdn_id is 'Virtual call centre; for your own use';
comment on column callresult.campaign.name is 'How reports call it';

alter table callresult.failure_code add abandoned boolean not null default false;

comment on column callresult.failure_code.abandoned is
    'True for calls that were answered, queued, and found no agent: what the law limits in many countries';

update callresult.failure_code set abandoned = true where code in ('00701', '00702');

create table callresult.failure_text (
    code             text collate "C" not null references callresult.failure_code on update cascade on delete cascade,
    lang             text collate "C" not null,
    description      text not null,
    primary key (code, lang)
);

comment on table callresult.failure_text is
    'Causes in other languages; "set callresult.lang = ''zh''" chooses one for the views of a session';
comment on column callresult.failure_text.code is 'Code in five digits';
comment on column callresult.failure_text.lang is 'Language, as in BCP 47: zh';
comment on column callresult.failure_text.description is 'The cause in that language';

insert into callresult.failure_text (code, lang, description)
select code, 'zh', t.description
from (values
    ('00000', '已接通'),
    ('00531', '被叫挂机'),
    ('00537', '被叫忙'),
    ('00538', '空号或号码错误'),
    ('00548', '被叫关机'),
    ('00549', '被叫不在服务区'),
    ('00551', '接通前被叫挂机'),
    ('00601', '应答前被叫挂机'),
    ('00603', '无人接听'),
    ('00604', '被叫拒接'),
    ('00701', '排队等待坐席时被叫挂机'),
    ('00702', '排队超时，平台释放呼叫'),
    ('01040', '振铃超时'),
    ('01043', '平台等待呼叫结果超时'),
    ('01046', '未能预占坐席'),
    ('01049', '外呼检测超时'),
    ('34601', '外呼活动不存在'),
    ('34605', '被叫号码为空'),
    ('34606', '未发起呼叫，多因并发呼叫数已达上限'),
    ('34608', '超时未取得结果，记录已回写'),
    ('00602', '平台资源不足'),
    ('00605', '平台资源不足：交换设备忙'),
    ('01048', '平台资源不足：外呼数已达上限'),
    ('00606', '系统错误：排队设备超时'),
    ('34611', '系统错误'),
    ('00003', '无可用资源'),
    ('00004', '被叫前转：号码已改'),
    ('00005', '呼叫等待'),
    ('00006', '遇忙前转'),
    ('00007', '无应答前转'),
    ('00008', '呼叫前转'),
    ('00009', '暂停服务'),
    ('00010', '振铃时前转'),
    ('00011', '未振铃直接前转'),
    ('00012', '移动用户无法接通'),
    ('00013', '终端状态无效'),
    ('00014', '终端前转，原因不明'),
    ('00015', '被叫设置前转'),
    ('00018', '对端交换机正在播放提示音'),
    ('00129', '空号'),
    ('00132', '已发送特殊信息音'),
    ('00145', '用户忙'),
    ('00146', '无人应答'),
    ('00147', '用户无响应'),
    ('00149', '用户拒接'),
    ('00150', '号码已改'),
    ('00155', '线路故障'),
    ('00160', '检测到音乐'),
    ('00162', '检测到自动设备（答录机、小交换机）'),
    ('00180', '回铃音'),
    ('00181', '忙音'),
    ('00182', '特殊信息音'),
    ('00184', '检测到调制解调器'),
    ('00185', '检测到传真机'),
    ('00186', '调制解调器或传真机'),
    ('00187', '未定义的信号音'),
    ('00190', '文本电话（应答音 1）'),
    ('00191', '文本电话（应答音 2）'),
    ('00192', '文本电话（应答音 3）'),
    ('00193', '文本电话（应答音 4）'),
    ('00194', '文本电话（应答音 5）'),
    ('00195', '文本电话（EDT）'),
    ('00196', '文本电话（FSK）'),
    ('00197', '文本电话（DTMF）'),
    ('00208', '被叫关机'),
    ('00209', '用户停机'),
    ('00259', '资源不足'),
    ('00260', '被叫为调制解调器'),
    ('00261', '传真机'),
    ('00262', '传真机或调制解调器'),
    ('00263', '答录机'),
    ('00441', '检测到传真'),
    ('00703', '呼叫数据超时'),
    ('01041', '预占坐席设备超时'),
    ('01056', '坐席与被叫未能接通'),
    ('01281', '接通前坐席释放呼叫')
) t (code, description)
join callresult.failure_code using (code);
