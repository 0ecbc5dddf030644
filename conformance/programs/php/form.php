<?php
header('Content-Type: text/plain');
header('X-Tested: yes');
setcookie('seen', '1');
echo 'get ', json_encode($_GET), ' post ', json_encode($_POST), "\n";
