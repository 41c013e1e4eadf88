<?php
// PHP-FPM: a persistent connection, and a prepared statement that outlives the request.

const KEY = ['callTimeStr', 'callId', 'sessionId', 'campaignId', 'vdnId', 'called'];

function answer(int $status, string $code, string $message): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    exit('{"retCode":"' . $code . '","retMsg":"' . $message . '"}');
}

function is_record(mixed $record): bool
{
    return is_array($record) && !array_diff_key(array_flip(KEY), $record);
}

$body = file_get_contents('php://input');
$list = json_decode($body, true);
if (!is_array($list) || !array_is_list($list)) {
    answer(400, '400', 'not a list');
}
foreach ($list as $record) {
    if (!is_record($record)) {
        answer(400, '400', 'not a call result');
    }
}
$database = @pg_pconnect('dbname=callresult') or answer(500, '500', 'no database');
$result = @pg_execute($database, 'store', [$body]);
if (!$result && str_contains(pg_last_error($database), 'does not exist')) {
    pg_prepare($database, 'store', file_get_contents(__DIR__ . '/insert.sql'));
    $result = @pg_execute($database, 'store', [$body]);
}
$result or answer(500, '500', 'not stored');
answer(200, '0', 'success');
